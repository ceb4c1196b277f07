/** Numbers as people read them. */

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

export function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

/** 75.3 → "1:15", with one decimal "1:15.3"; hours only where there are any. */
export function clock(value: number, decimals: 0 | 1 = 0): string {
  const tenths = Math.max(0, Math.floor(10 * value + 1e-6));
  const whole = Math.floor(tenths / 10);
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor((whole % 3600) / 60)}:${String(whole % 60).padStart(2, "0")}`;
  const fraction = decimals ? `.${tenths % 10}` : "";
  return (hours ? `${hours}:${rest.padStart(5, "0")}` : rest) + fraction;
}

export function signed(value: number | null): string {
  return value === null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
}

export function bytes(value: number): string {
  return value < 1e6 ? `${Math.ceil(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}
