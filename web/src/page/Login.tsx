import { useState, type FormEvent } from "react";
import { Button, Input, Label, TextField } from "react-aria-components";
import { ProblemError } from "../api/problem";
import type { Session } from "../api/session";
import { problemText, texts } from "../texts";
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
        <TextField className="field" name="username" isRequired autoComplete="username" autoFocus>
          <Label>{texts.login.username}</Label>
          <Input className="input" autoCapitalize="none" spellCheck={false} />
        </TextField>
        <TextField className="field" name="password" type="password" isRequired autoComplete="current-password">
          <Label>{texts.login.password}</Label>
          <Input className="input" />
        </TextField>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <Button className="button primary wide" type="submit" isPending={busy}>
          {busy ? texts.login.submitting : texts.login.submit}
        </Button>
      </form>
    </main>
  );
}
