import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Session } from "./api/session";
import { fetchAhead } from "./page/ahead";
import { App } from "./page/App";
import { followTheme } from "./page/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/menus.css";
import "./styles/marks.css";
import "./styles/notices.css";
import "./styles/login.css";
import "./styles/shell.css";
import "./styles/narrow.css";
import "./styles/list.css";
import "./styles/rows.css";
import "./styles/bulk.css";
import "./styles/customer.css";
import "./styles/feed.css";
import "./styles/composer.css";
import "./styles/form.css";
import "./styles/views.css";
import "./styles/system.css";
import "./styles/team.css";
import "./styles/inbox.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

followTheme();
const session = new Session();
void session.resume();
fetchAhead();

createRoot(root).render(
  <StrictMode>
    <App session={session} />
  </StrictMode>,
);
