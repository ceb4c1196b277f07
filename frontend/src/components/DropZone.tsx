/** Takes a file by drag and drop, or by its button. */
import { useRef, useState, type DragEvent } from "react";
import { strings } from "../strings";

interface Props {
  /** File name endings that the server takes. */
  accepted: readonly string[];
  onFile: (file: File) => void;
}

export function DropZone({ accepted, onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const hover = (event: DragEvent, value: boolean) => {
    event.preventDefault();
    setOver(value);
  };
  const take = (files: FileList | null) => Array.from(files ?? []).forEach((file) => onFile(file));
  return (
    <div
      className={over ? "drop over" : "drop"}
      onDragOver={(event) => hover(event, true)}
      onDragLeave={(event) => hover(event, false)}
      onDrop={(event) => {
        hover(event, false);
        take(event.dataTransfer.files);
      }}
    >
      <p>{strings.dropHere}</p>
      <button type="button" className="primary" onClick={() => input.current?.click()}>
        {strings.choose}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={strings.choose}
        accept={accepted.join()}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = ""; // the same file may be chosen again
        }}
      />
      <p className="hint">{strings.formats}</p>
    </div>
  );
}
