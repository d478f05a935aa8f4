/** The window's title and icon: what is looked at, and how much waits in the inbox. */
import { useEffect } from "react";
import { texts } from "../texts";

let looked: string | null = null;
let waiting = 0;

function show(): void {
  const name = looked === null ? texts.product : `${looked} · ${texts.product}`;
  document.title = waiting > 0 ? `(${waiting.toLocaleString()}) ${name}` : name;
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const wanted = waiting > 0 ? "/assets/favicon-unread.svg" : "/assets/favicon.svg";
  if (icon && icon.getAttribute("href") !== wanted) icon.href = wanted;
}

/** Names what is looked at, as long as it is. */
export function useTitle(name: string): void {
  useEffect(() => {
    looked = name;
    show();
    return () => {
      looked = null;
      show();
    };
  }, [name]);
}

export function useWaiting(count: number): void {
  useEffect(() => {
    waiting = count;
    show();
    return () => {
      waiting = 0;
      show();
    };
  }, [count]);
}
