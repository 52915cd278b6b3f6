import "ol/ol.css";
import "./style.css";
import { render } from "preact";
import { App } from "./app";
import { ReviewStore } from "./store";

const store = new ReviewStore();
render(<App store={store} />, document.getElementById("app")!);
void store.start();
