// EventSource for Node, which has none of its own yet: as much of it as an SDK uses.
export class EventSource {
  onopen = null;
  onmessage = null;
  onerror = null;
  #stop = new AbortController();

  constructor(url) {
    this.#read(url).catch((error) => {
      if (!this.#stop.signal.aborted) this.onerror?.(error);
    });
  }

  async #read(url) {
    const answer = await fetch(url, { headers: { Accept: "text/event-stream" }, signal: this.#stop.signal });
    if (answer.status !== 200 || !answer.headers.get("content-type")?.startsWith("text/event-stream"))
      throw new Error(`no event stream: status ${answer.status}`);
    this.onopen?.({});
    let line = "";
    let data = [];
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      const pieces = (line + text).split(/\r\n|\n|\r/);
      line = pieces.pop();
      for (const piece of pieces) {
        if (piece.startsWith("data:")) data.push(piece.slice(5).replace(/^ /, ""));
        else if (piece === "" && data.length > 0) {
          this.onmessage?.({ data: data.join("\n") });
          data = [];
        }
      }
    }
    throw new Error("the stream has ended");
  }

  close() {
    this.#stop.abort();
  }
}
