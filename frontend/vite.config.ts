import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = "http://127.0.0.1:8090"; // of `emotion-recognition dashboard`, for `npm run dev`

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../emotion_recognition/dashboard/static",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is put inline: the server's content security policy allows no inline script or data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": { target: server, ws: true }, "/healthz": server } },
  test: { environment: "jsdom", include: ["test/**/*.test.{ts,tsx}"], globals: true },
});
