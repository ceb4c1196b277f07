/** What a visitor has to know and agree to before anything is shown; asked once a browser. */
import { useEffect, useRef, useState } from "react";
import { strings } from "../strings";

const KEY = "emotion-recognition-notice";

export function Notice() {
  const [open, setOpen] = useState(() => localStorage.getItem(KEY) !== "read");
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal?.();
  }, [open]);
  if (!open) return null;
  const agree = () => {
    localStorage.setItem(KEY, "read");
    setOpen(false);
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="notice-title"
      onCancel={(event) => event.preventDefault()}
    >
      <h2 id="notice-title">{strings.noticeTitle}</h2>
      {strings.notice.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <button type="button" className="primary" onClick={agree}>
        {strings.noticeAgree}
      </button>
    </dialog>
  );
}
