/** Light, dark, or as the system says. */
import { useEffect, useState } from "react";
import { strings } from "../strings";

const KEY = "emotion-recognition-theme";
const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(
    () => THEMES.find((name) => name === localStorage.getItem(KEY)) ?? "system",
  );
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <label className="theme">
      {strings.theme.label}
      <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {strings.theme[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
