import { render } from "preact";
import { Page } from "./page.tsx";
import "./fonts/emoji_font.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/message.css";
import "./styles/elements.css";
import "./styles/panels.css";

const root = document.getElementById("practice");
if (root) render(<Page />, root);
