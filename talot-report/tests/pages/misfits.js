// What is wider than the page; of the text of charts, what is outside its sheet, over another text,
// or too small.
(() => {
  const faults = [];
  const wider = document.documentElement.scrollWidth - window.innerWidth;
  if (wider > 0) {
    const culprits = [...document.body.querySelectorAll("*")].filter(element =>
      element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest(".scroll"));
    faults.push(`${wider} px wider than the window: ${culprits.slice(0, 3).map(element => element.outerHTML.slice(0, 90))}`);
  }
  for (const chart of document.querySelectorAll("svg.chart")) {
    const sheet = chart.getBoundingClientRect();
    if (sheet.width === 0) continue;
    const texts = [...chart.querySelectorAll("text")].filter(text => text.textContent !== "");
    const boxes = texts.map(text => ({ words: text.textContent, box: text.getBoundingClientRect() }));
    for (const { words, box } of boxes) {
      if (box.left < sheet.left - 1 || box.right > sheet.right + 1 || box.top < sheet.top - 1 || box.bottom > sheet.bottom + 1)
        faults.push(`${chart.id}: "${words}" leaves the sheet`);
    }
    const scale = sheet.width / chart.viewBox.baseVal.width;
    const size = Math.min(...texts.map(text => parseFloat(getComputedStyle(text).fontSize))) * scale;
    if (size < 8) faults.push(`${chart.id}: text of ${size} px`);
    for (const [place, a] of boxes.entries()) {
      for (const b of boxes.slice(place + 1)) {
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        // A line's box is higher than its letters.
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (across > 1 && down > 4) faults.push(`${chart.id}: "${a.words}" and "${b.words}" meet`);
      }
    }
  }
  return faults;
})()
