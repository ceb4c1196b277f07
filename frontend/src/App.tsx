/** The frame of the page: navigation, colours, notice, and the token where one is needed. */
import { useCallback, useEffect, useState } from "react";
import { login, read, RequestError, takeToken, type ServerInfo } from "./api/request";
import { Notice } from "./components/Notice";
import { ThemeChoice } from "./components/ThemeChoice";
import { TokenForm } from "./components/TokenForm";
import { AnalysePage } from "./pages/AnalysePage";
import { ComparePage } from "./pages/ComparePage";
import { LivePage } from "./pages/LivePage";
import { SessionPage } from "./pages/SessionPage";
import { useAnalyses } from "./pages/useAnalyses";
import { strings } from "./strings";

const PAGES = ["live", "analyse", "compare", "session"] as const;
type Page = (typeof PAGES)[number];

type Access = "asking" | "granted" | "needed" | "unreachable";

export function App() {
  const [page, setPage] = useState<Page>(() => pageOf(location.hash));
  const [access, setAccess] = useState<Access>("asking");
  const [server, setServer] = useState<ServerInfo | null>(null);
  const analyses = useAnalyses();

  const enter = useCallback(async () => {
    try {
      const info = await read<ServerInfo>("/api/server");
      setServer(info);
      // Any protected answer tells whether the cookie is there; this one costs nothing.
      if (info.token_required) await read("/api/live/session");
      setAccess("granted");
      if (!info.live && !location.hash) setPage("analyse");
    } catch (error) {
      setAccess(error instanceof RequestError && error.status === 401 ? "needed" : "unreachable");
    }
  }, []);

  useEffect(() => {
    const token = takeToken();
    void (token ? login(token).catch(() => undefined) : Promise.resolve()).then(enter);
  }, [enter]);

  useEffect(() => {
    const turn = () => setPage(pageOf(location.hash));
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
  }, []);

  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        {strings.skip}
      </a>
      <header>
        <h1>{strings.title}</h1>
        <nav aria-label={strings.pagesLabel}>
          {PAGES.map((name) => (
            <a key={name} href={`#${name}`} aria-current={page === name ? "page" : undefined}>
              {strings.pages[name]}
            </a>
          ))}
        </nav>
        <ThemeChoice />
      </header>
      <main id="main" tabIndex={-1}>
        {access === "needed" && <TokenForm onEntered={() => void enter()} />}
        {access === "unreachable" && (
          <p role="alert" className="card failure">
            {strings.failure.offline}
          </p>
        )}
        {access === "granted" && (
          <>
            {page === "live" && <LivePage />}
            {page === "analyse" && <AnalysePage analyses={analyses} server={server} />}
            {page === "compare" && <ComparePage analyses={analyses} />}
            {page === "session" && <SessionPage />}
          </>
        )}
      </main>
      <Notice />
    </>
  );
}

function pageOf(hash: string): Page {
  return PAGES.find((name) => name === hash.slice(1)) ?? "live";
}
