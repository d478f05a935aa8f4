import type { Problem } from "../domain/model";

/** The server's refusal, with its problem document. Status 0 stands for "no answer". */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    /** Milliseconds the server asked to wait. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? problem.title);
  }

  get status(): number {
    return this.problem.status;
  }

  /** The last part of the type: `edit-conflict`, `not-found`, … */
  get kind(): string {
    return kindOf(this.problem);
  }
}

export function kindOf(problem: Problem): string {
  return problem.type.split("/").at(-1) ?? "";
}

export function unreachable(): ProblemError {
  return new ProblemError({ type: "/problems/unreachable", title: "The server cannot be reached", status: 0 });
}

export async function problemFrom(response: Response): Promise<ProblemError> {
  const wait = Number(response.headers.get("Retry-After"));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait * 1000 : null;
  try {
    return new ProblemError((await response.json()) as Problem, retryAfter);
  } catch {
    // Not ours: a proxy in between, for example.
    const title = response.statusText || `HTTP ${response.status}`;
    return new ProblemError({ type: "about:blank", title, status: response.status }, retryAfter);
  }
}
