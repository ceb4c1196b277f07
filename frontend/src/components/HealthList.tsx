/** What the nodes say of themselves on /diagnostics, worst first. */
import type { Report } from "../api/live";
import { strings } from "../strings";

const ORDER = ["error", "stale", "warn", "ok"];
const SIGNS: Record<string, string> = { ok: "✔", warn: "▲", error: "✖", stale: "?" };

export function HealthList({ reports }: { reports: readonly Report[] }) {
  const sorted = [...reports].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  return (
    <ul className="health" aria-label={strings.health}>
      {sorted.map((report) => (
        <li key={report.name} className={report.level}>
          <details>
            <summary>
              <span className="sign" aria-hidden="true">
                {SIGNS[report.level]}
              </span>
              <span className="visually-hidden">{report.level}: </span>
              <b>{report.name}</b> {report.message}
            </summary>
            <dl>
              {Object.entries(report.values).map(([key, value]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        </li>
      ))}
    </ul>
  );
}
