//! What a driver can do with XDP programs: the generic netlink family `netdev`, since Linux 6.3
//! (linux/netdev.h).

use anyhow::{Context as _, Result, bail};
use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload, Nla as _,
    NlasIterator, Parseable as _, ParseableParametrized,
};
use netlink_packet_generic::{
    GenlFamily, GenlHeader, GenlMessage,
    ctrl::{GenlCtrl, GenlCtrlCmd, nlas::GenlCtrlAttrs},
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};

const FAMILY: &str = "netdev";
/// `NETDEV_CMD_DEV_GET`.
const DEV_GET: u8 = 1;
/// `NETDEV_A_DEV_IFINDEX`, `NETDEV_A_DEV_XDP_FEATURES`.
const IFINDEX: u16 = 1;
const XDP_FEATURES: u16 = 3;
/// `enum netdev_xdp_act`.
const BASIC: u64 = 1;
const RX_SG: u64 = 1 << 5;

/// What a driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct XdpFeatures {
    /// Run a program.
    pub(super) native: bool,
    /// Also where a packet takes several buffers.
    pub(super) several_buffers: bool,
}

/// Asks the kernel.
pub(super) fn xdp_features(ifindex: u32) -> Result<XdpFeatures> {
    let mut socket = Socket::new(NETLINK_GENERIC).context("a socket of generic netlink")?;
    socket.bind_auto().context("binding it")?;
    socket
        .connect(&SocketAddr::new(0, 0))
        .context("connecting it")?;
    let family = GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(FAMILY.to_owned())],
    };
    let answer = ask(&socket, GenlMessage::from_payload(family))?;
    let number = answer.nlas.iter().find_map(|attribute| match attribute {
        GenlCtrlAttrs::FamilyId(number) => Some(*number),
        _ => None,
    });
    let device = Device(vec![DefaultNla::new(
        IFINDEX,
        ifindex.to_ne_bytes().to_vec(),
    )]);
    let mut question = GenlMessage::from_payload(device);
    question.set_resolved_family_id(number.context("a family without a number")?);
    let Device(attributes) = ask(&socket, question)?;
    let features = attributes
        .iter()
        .find(|attribute| attribute.kind() == XDP_FEATURES);
    let mut bits = [0; 8];
    let features = features.context("the kernel does not tell of XDP")?;
    if features.value_len() != bits.len() {
        bail!("the kernel tells of XDP in another form");
    }
    features.emit_value(&mut bits);
    let bits = u64::from_ne_bytes(bits);
    Ok(XdpFeatures {
        native: bits & BASIC != 0,
        several_buffers: bits & RX_SG != 0,
    })
}

/// One question, one answer.
fn ask<F>(socket: &Socket, mut question: GenlMessage<F>) -> Result<F>
where
    F: GenlFamily + Emitable + ParseableParametrized<[u8], GenlHeader> + std::fmt::Debug,
{
    question.finalize();
    let mut message = NetlinkMessage::from(question);
    message.header.flags = NLM_F_REQUEST;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0).context("asking")?;
    let (bytes, _) = socket.recv_from_full().context("waiting for an answer")?;
    let answer = NetlinkMessage::<GenlMessage<F>>::deserialize(&bytes).context("an answer")?;
    match answer.payload {
        NetlinkPayload::InnerMessage(answer) => Ok(answer.payload),
        NetlinkPayload::Error(error) => Err(error.to_io()).context("the kernel"),
        other => bail!("an answer of another kind: {other:?}"),
    }
}

/// A message about a device.
#[derive(Debug)]
struct Device(Vec<DefaultNla>);

impl GenlFamily for Device {
    fn family_name() -> &'static str {
        FAMILY
    }

    fn command(&self) -> u8 {
        DEV_GET
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Device {
    fn buffer_len(&self) -> usize {
        self.0.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.0.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Device {
    fn parse_with_param(buffer: &[u8], _: GenlHeader) -> Result<Self, DecodeError> {
        let attributes = NlasIterator::new(buffer).map(|nla| DefaultNla::parse(&nla?));
        attributes.collect::<Result<_, _>>().map(Self)
    }
}
