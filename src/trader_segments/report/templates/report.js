// One page of the report at a time, and one segment; without this script all of it is there, one after the other.
document.documentElement.classList.add("script");
addEventListener("DOMContentLoaded", () => {
  const views = [...document.querySelectorAll(".view")];
  const segments = [...document.querySelectorAll(".segment")];
  const links = [...document.querySelectorAll("nav a, .choices a")];
  const show = (isNavigation) => {
    const target = document.getElementById(location.hash.slice(1));
    if (isNavigation && target && !target.closest(".view")) return;
    const view = target?.closest(".view") ?? views[0];
    const segment = target?.closest(".segment") ?? document.querySelector(".segment.current") ?? segments[0];
    for (const each of views) each.classList.toggle("current", each === view);
    for (const each of segments) each.classList.toggle("current", each === segment);
    for (const link of links) {
      const id = link.hash.slice(1);
      if (id === view?.id) link.setAttribute("aria-current", "page");
      else if (id === segment?.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (!target) return;
    if (target === view) scrollTo({ top: 0, behavior: "instant" });
    else target.scrollIntoView({ behavior: "instant" });
    target.querySelector(":scope > [tabindex='-1']")?.focus({ preventScroll: true });
  };
  addEventListener("hashchange", () => show(true));
  show(false);
});
