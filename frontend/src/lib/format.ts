/** Numbers as people read them. */

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

/** 75.3 → "1:15"; hours only where there are any. */
export function clock(value: number): string {
  const whole = Math.max(0, Math.floor(value));
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor((whole % 3600) / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${rest.padStart(5, "0")}` : rest;
}

export function signed(value: number | null): string {
  return value === null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
}

export function bytes(value: number): string {
  return value < 1e6 ? `${Math.ceil(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
