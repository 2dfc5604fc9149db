// A part of a page made to look as the server drew it. Morphed, not replaced: focus, selection and scroll stay.
import { Idiomorph } from "../vendor/idiomorph/idiomorph.esm.js";
import { localize } from "./local.js";

export function morph(element, html) {
  Idiomorph.morph(element, html, { morphStyle: "innerHTML", ignoreActiveValue: true });
  localize(element);
}
