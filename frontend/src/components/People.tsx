/** Which of several people is shown: a button for each. */
import { strings } from "../strings";

export function People(props: {
  subjects: readonly string[];
  chosen: string | null;
  onChoose: (subject: string) => void;
}) {
  const { subjects, chosen, onChoose } = props;
  if (subjects.length < 2) return null;
  return (
    <div className="people" role="group" aria-label={strings.people}>
      {subjects.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === chosen}
          onClick={() => onChoose(each)}
        >
          {each ? strings.person(each) : strings.unseen}
        </button>
      ))}
    </div>
  );
}
