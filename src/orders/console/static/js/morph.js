// Updates a part of a page to the server's HTML. Morphing keeps focus, selection and scroll position.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";
import { localize } from "./local.js";

export function morph(element, html) {
  Idiomorph.morph(element, html, { morphStyle: "innerHTML", ignoreActiveValue: true });
  localize(element);
}
