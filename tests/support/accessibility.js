// Returns the faults that axe-core finds in the page, and the kinds of text whose contrast it has judged. Contrast is
// expensive, so only one element of each kind is judged, and none of a kind that has been judged before. A page that has
// been judged in another theme or size is judged only by the rules that depend on these.
async ({ judgedBefore, onlyLook }) => {
  const ROWS = 8;
  const MARK = "data-contrast";
  const RULES_OF_LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"];
  // No style sheet chooses colours by these attributes, which name or address an element, or by those for scripts.
  const NAMES = "id for name value href src action title datetime content pattern placeholder min max maxlength rows";
  const MORE = "scope tabindex aria-label aria-labelledby aria-describedby aria-controls";
  const withoutColour = new Set(`${NAMES} ${MORE}`.split(" "));

  const hash = (text) => {
    let [first, second] = [0x811c9dc5, 0x9e3779b9];
    for (let at = 0; at < text.length; at += 1) {
      first = Math.imul(first ^ text.charCodeAt(at), 0x01000193);
      second = Math.imul(second ^ text.charCodeAt(at), 0x85ebca6b) ^ (second >>> 13);
    }
    return (first >>> 0).toString(36) + (second >>> 0).toString(36);
  };
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const hasDialog = document.querySelector("dialog:modal") !== null;
  const sheets = [...document.styleSheets].map(({ href, ownerNode }) =>
    href ? new URL(href).pathname : ownerNode.textContent,
  );
  const surroundings = hash(JSON.stringify([isDark, hasDialog, ...sheets]));
  const kinds = new Map([[null, surroundings]]);
  const kindOf = (element) => {
    if (!kinds.has(element)) {
      const attributes = [...element.attributes].filter(
        ({ name }) => !withoutColour.has(name) && !name.startsWith("data-"),
      );
      const own = attributes.map(({ name, value }) => `${name}=${value}`).sort();
      kinds.set(element, hash([kindOf(element.parentElement), element.localName, ...own].join("\n")));
    }
    return kinds.get(element);
  };
  const showsText = (element) =>
    (element.matches("input, select, textarea") ||
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "")) &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const elements = new Map();
  const known = new Set(judgedBefore);
  // axe-core cannot judge text in drawings.
  for (const element of document.querySelectorAll("body, body :not(svg *)")) {
    if (!showsText(element)) continue;
    const kind = kindOf(element);
    if (!known.has(kind) && !elements.has(kind)) elements.set(kind, element);
  }

  // axe-core cannot judge text on a gradient either, such as the shadow of a table that scrolls.
  const plain = new CSSStyleSheet();
  plain.replaceSync("* { background-image: none !important; }");
  document.adoptedStyleSheets.push(plain);
  elements.forEach((element) => element.setAttribute(MARK, ""));
  axe.configure({ rules: [{ id: "color-contrast", selector: `[${MARK}]` }] });
  // The rows of a long table repeat each other.
  const { violations, incomplete } = await axe.run(
    { exclude: [[`tbody tr:nth-of-type(n + ${ROWS + 1}):not(:has([${MARK}]))`]] },
    {
      resultTypes: ["violations", "incomplete"],
      elementRef: true,
      selectors: false,
      preload: false,
      ...(onlyLook ? { runOnly: RULES_OF_LOOKS } : {}),
    },
  );
  elements.forEach((element) => element.removeAttribute(MARK));
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== plain);

  const ofContrast = incomplete.filter(({ id }) => id === "color-contrast");
  const undecided = new Set(ofContrast.flatMap(({ nodes }) => nodes.map(({ element }) => element)));
  return {
    faults: violations.map(({ id, help, nodes }) => {
      return { id, help, nodes: nodes.map(({ html, failureSummary }) => [html, failureSummary]) };
    }),
    judged: [...elements].filter(([, element]) => !undecided.has(element)).map(([kind]) => kind),
  };
}
