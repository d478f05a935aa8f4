import { useState, type FormEvent } from "react";
import { ProblemError } from "../api/problem";
import type { Session } from "../api/session";
import { problemText, texts } from "../texts";
import { Button } from "./Button";
import { Mark } from "./icons";

export function Login({ session, ended }: { readonly session: Session; readonly ended: boolean }) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const entered = new FormData(event.currentTarget);
    setBusy(true);
    setRefusal(null);
    try {
      await session.login(String(entered.get("username")), String(entered.get("password")));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      setRefusal(problemText(error.problem));
      setBusy(false);
    }
  }

  return (
    <main className="login">
      <form className="login-card" data-testid="login-form" onSubmit={(event) => void submit(event)}>
        <Mark className="login-mark" />
        <h1>{texts.login.title}</h1>
        <p className="login-tagline">{ended ? texts.login.ended : texts.tagline}</p>
        <label className="field">
          {texts.login.username}
          <input
            className="input"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            autoFocus
          />
        </label>
        <label className="field">
          {texts.login.password}
          <input className="input" name="password" type="password" autoComplete="current-password" required />
        </label>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <Button className="button primary wide" type="submit" isDisabled={busy}>
          {busy ? texts.login.submitting : texts.login.submit}
        </Button>
      </form>
    </main>
  );
}
