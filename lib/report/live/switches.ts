/**
 * Buttons that switch units off: those that are worth one, those that the
 * reader names by number.
 *
 * @module
 */

/// <reference lib="dom" />
import { byId } from "./blocks.ts";
import type { Switches } from "./data.ts";

// How many neurons get a button for being most active.
const MOST_ACTIVE = 12;

/** The switches of one layer, of its heads, or of the frequencies. */
export class SwitchGroup {
  /** What does the switching. */
  readonly input: string;
  /** The activation or weight that they belong to. */
  readonly of: string;
  /** What is switched off, counted from 0. */
  readonly off = new Set<number>();
  readonly #group: Switches;
  readonly #onChange: () => void;
  readonly #buttons: HTMLElement;
  #shown: readonly number[];
  #activation: ArrayLike<number> | undefined;

  /** Connects a group to its part of the page. */
  constructor(group: Switches, onChange: () => void) {
    this.input = group.input;
    this.of = group.of;
    this.#group = group;
    this.#onChange = onChange;
    this.#shown = group.suggested.map((n) => n - group.from);
    this.#buttons = byId(`buttons-${group.input}`);
    const number = byId<HTMLInputElement>(`number-${group.input}`);
    const add = byId<HTMLFormElement>(`form-${group.input}`);
    add.addEventListener("submit", (event) => {
      event.preventDefault();
      const i = Math.round(Number(number.value)) - group.from;
      if (number.value !== "" && i >= 0 && i < group.size) this.#toggle(i);
    });
    this.#draw();
  }

  /** Shows the neurons that are most active now. */
  show(activation: ArrayLike<number> | undefined): void {
    this.#activation = activation;
    if (activation && this.#group.unit === "neuron") {
      this.#shown = Array.from({ length: activation.length }, (_, i) => i)
        .sort((i, j) => activation[j]! - activation[i]!)
        .slice(0, MOST_ACTIVE);
    }
    this.#draw();
  }

  /** Switches everything on again. */
  clear(): void {
    this.off.clear();
    this.#draw();
  }

  /** What is switched off, in words. */
  words(): string[] {
    if (this.off.size === 0) return [];
    const { unit, from, of } = this.#group;
    const which = [...this.off].sort((a, b) => a - b).map((i) => i + from);
    const units = unit === "frequency"
      ? which.length === 1 ? "frequency" : "frequencies"
      : which.length === 1
      ? unit
      : `${unit}s`;
    return [`${units} ${which.join(", ")} of ${of} off`];
  }

  #toggle(i: number): void {
    if (!this.off.delete(i)) this.off.add(i);
    this.#draw();
    this.#onChange();
  }

  // Buttons that stay are kept, so that the focus does.
  #draw(): void {
    const wanted = [
      ...new Set([...[...this.off].sort((a, b) => a - b), ...this.#shown]),
    ];
    const old = new Map(
      [...this.#buttons.querySelectorAll<HTMLButtonElement>("button")]
        .map((button) => [Number(button.value), button]),
    );
    for (const [i, button] of old) if (!wanted.includes(i)) button.remove();
    for (const i of wanted) {
      const button = old.get(i) ?? this.#button(i);
      const { unit, from } = this.#group;
      const off = this.off.has(i);
      const active = this.#activation?.[i];
      button.textContent = `${off ? "✕ " : ""}${i + from}` +
        (active === undefined ? "" : ` · ${active.toPrecision(2)}`);
      button.setAttribute("aria-pressed", String(off));
      button.setAttribute(
        "aria-label",
        `${unit} ${i + from}, ${off ? "switched off" : "on"}` +
          (active === undefined ? "" : `, activation ${active.toPrecision(2)}`),
      );
      if (!old.has(i)) this.#buttons.append(button);
    }
  }

  #button(i: number): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.value = String(i);
    button.addEventListener("click", () => this.#toggle(i));
    return button;
  }
}
