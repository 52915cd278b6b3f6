import "ol/ol.css";
import "../style.css";
import "./command.css";
import { render } from "preact";
import { CommandPage } from "./page";

render(<CommandPage />, document.getElementById("app")!);
