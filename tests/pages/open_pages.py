#!/usr/bin/env python3
"""Opens pages in headless Chromium, as its users would, and says what is wrong with them: open_pages.py FOLDER|PAGE...

Every page, light and dark, 360 and 1280 pixels wide: nothing on the console, nothing wider than the window, every chart and
picture drawn, text that stands out from its ground, the scheme's own ground. Exit status 0: all well, 1: faults, one a line;
77: there is no Chromium.
"""
import json
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile

SECONDS = 60  # of one answer
# Width -> the scheme that the page is loaded in, and the one that it is then changed to.
VISITS = {360: ("light", "dark"), 1280: ("dark", "light")}

# Runs in the page once its charts are there; returns the faults.
EXAMINE = r"""
(async () => {
  const scheme = SCHEME, faults = [], until = performance.now() + 10000;
  const charts = [...document.querySelectorAll('.chart')];
  const marks = chart => chart.querySelectorAll('svg .mark-line path, svg .mark-symbol path, svg .mark-rect path, ' +
    'svg .mark-area path, svg .mark-rule line, svg .mark-text text, svg .mark-trail path').length;
  while (charts.some(chart => !marks(chart)) && performance.now() < until) await new Promise(done => setTimeout(done, 50));
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));

  const name = element => {
    const figure = element.closest('figure');
    return figure && figure.querySelector('h3') ? figure.querySelector('h3').textContent : element.outerHTML.slice(0, 80);
  };
  for (const chart of charts) {
    const svg = chart.querySelector('svg'), box = svg && svg.getBoundingClientRect();
    if (!svg || box.width < 100 || box.height < 50 || !marks(chart)) faults.push('not drawn: chart of ' + name(chart));
  }
  for (const picture of document.images) {
    await picture.decode().catch(() => faults.push('not drawn: picture of ' + name(picture)));
    if (!picture.alt) faults.push('a picture without words: ' + name(picture));
  }
  for (const figure of document.querySelectorAll('figure'))
    if (!figure.querySelector('.chart svg, img, table')) faults.push('empty: figure of ' + name(figure));
  for (const notice of document.querySelectorAll('.notice')) faults.push('notice: ' + notice.textContent);

  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > room) {
    // A word too long for its line is wider than the element that it stands in: the range of its text has the box.
    const right = element => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return Math.max(element.getBoundingClientRect().right, range.getBoundingClientRect().right);
    };
    const wide = [...document.body.querySelectorAll('*')].filter(element => !element.closest('.scroll') && right(element) > room + 0.5);
    faults.push(`${document.documentElement.scrollWidth - room} pixels too wide: ` + (wide.length ? name(wide.at(-1)) : '?'));
  }

  const rgb = colour => colour.match(/[\d.]+/g).map(Number);
  const light = colour => rgb(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return getComputedStyle(element).backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  };
  // Of a word in a chart: the cell of a matrix that it stands on, if it does.
  const cell = text => {
    const box = text.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    return [...text.closest('svg').querySelectorAll('.mark-rect path')].filter(path => {
      const area = path.getBoundingClientRect();
      return area.left <= x && x <= area.right && area.top <= y && y <= area.bottom && path.getAttribute('fill').startsWith('rgb');
    }).at(-1);
  };
  const below = element => {
    const painted = element.closest('svg') && cell(element);
    return painted ? getComputedStyle(painted).fill : ground(element);
  };
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if ((light(ground(document.body)) < 0.2) !== (scheme === 'dark')) faults.push('the ground is not ' + scheme);
  const faint = new Map();
  for (const element of document.querySelectorAll('h1, h2, h3, h4, p, dt, dd, th, td, a, button, figcaption, summary, svg text')) {
    if (!element.textContent.trim() || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const ink = element.closest('svg') ? style.fill : style.color;
    if (!ink.startsWith('rgb') || Number(style.opacity) === 0) continue;
    const ratio = contrast(light(ink), light(below(element)));
    if (ratio < 4.5) faint.set(ink, `faint, ${ratio.toFixed(1)}:1 instead of 4.5:1: "${element.textContent.trim().slice(0, 40)}"`);
  }
  return JSON.stringify([...faults, ...faint.values(), charts.length, document.images.length]);
})()
"""


class Chromium:
    """A browser without a window, spoken to through two pipes: JSON messages that end with NUL."""

    def __init__(self, program, profile):
        options = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
                   "--allow-file-access-from-files", f"--user-data-dir={profile}"]
        # It reads from descriptor 3 and writes to 4.
        moved = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
        self.process = subprocess.Popen(["bash", "-c", moved, "bash", program, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.buffer, self.next_id, self.events = b"", 0, []

    def read(self):
        """The next message."""
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], SECONDS)
            data = self.process.stdout.read(1 << 20) if ready else b""
            if not data:
                sys.exit(f"pages: Chromium {'ended' if ready else f'was silent for {SECONDS} s'}")
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.process.stdin.write(json.dumps(message).encode() + b"\0")
        while (answer := self.read()).get("id") != self.next_id:
            self.events.append(answer)
        if "error" in answer:
            sys.exit(f"pages: {method}: {answer['error']['message']}")
        return answer["result"]

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def said(event):
    """What a console event says, or None."""
    method, parameters = event.get("method"), event.get("params", {})
    if method == "Runtime.consoleAPICalled":
        return " ".join(str(part.get("value", part.get("description"))) for part in parameters["args"])
    if method == "Runtime.exceptionThrown":
        details = parameters["exceptionDetails"]
        return details.get("exception", {}).get("description", details["text"])
    if method == "Log.entryAdded":
        return parameters["entry"]["text"]
    return None


def examine(call, scheme):
    """The faults of the page that is open, and how many charts and pictures it has."""
    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    answer = call("Runtime.evaluate", expression=EXAMINE.replace("SCHEME", json.dumps(scheme)), awaitPromise=True)
    if "exceptionDetails" in answer:
        return [f"examining it: {answer['exceptionDetails'].get('exception', {}).get('description')}"], (0, 0)
    *faults, charts, pictures = json.loads(answer["result"]["value"])
    return faults, (charts, pictures)


def visit(browser, session, page):
    """Prints what is wrong with a page; whether something is."""
    def call(method, **parameters):
        return browser.call(method, session, **parameters)

    found = []
    for width, schemes in VISITS.items():
        browser.events.clear()
        call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": schemes[0]}])
        call("Page.navigate", url=page.resolve().as_uri())
        browser.wait_for("Page.loadEventFired")
        for scheme in schemes:
            faults, counts = examine(call, scheme)
            found += [f"{width} pixels, {scheme}: {fault}" for fault in faults]
        found += [f"{width} pixels, console: {text}" for event in browser.events if (text := said(event))]
    print("\n".join([f"{page}: {counts[0]} charts, {counts[1]} pictures"] + [f"  {fault}" for fault in dict.fromkeys(found)]))
    return bool(found)


def pages_of(names):
    paths = [pathlib.Path(name) for name in names]
    return sorted(page for path in paths for page in (path.rglob("*.html") if path.is_dir() else [path]))


def main():
    pages = pages_of(sys.argv[1:])
    if not pages:
        sys.exit(f"pages: no page in {' '.join(sys.argv[1:]) or 'nothing: name folders or pages'}")
    program = shutil.which("chromium")
    if not program:
        print("no chromium: sudo apt-get install -y chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(program, profile)
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            browser.call(f"{domain}.enable", session)
        faults = sum(visit(browser, session, page) for page in pages)
        browser.close()
    print(f"{len(pages)} pages, light and dark, {' and '.join(map(str, VISITS))} pixels wide: {faults} with faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
