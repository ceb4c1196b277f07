/** Asks for the token of a server that is open to other machines. */
import { useState, type FormEvent } from "react";
import { login } from "../api/request";
import { strings } from "../strings";

export function TokenForm({ onEntered }: { onEntered: () => void }) {
  const [token, setToken] = useState("");
  const [failure, setFailure] = useState("");
  const enter = (event: FormEvent) => {
    event.preventDefault();
    login(token.trim()).then(onEntered, (error: Error) => setFailure(error.message));
  };
  return (
    <form className="card token" onSubmit={enter}>
      <h2>{strings.tokenTitle}</h2>
      <p>{strings.tokenHint}</p>
      <label>
        {strings.tokenTitle}
        <input
          type="password"
          autoComplete="off"
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      <button type="submit" className="primary" disabled={!token.trim()}>
        {strings.tokenEnter}
      </button>
      {failure && (
        <p role="alert" className="failure">
          {failure}
        </p>
      )}
    </form>
  );
}
