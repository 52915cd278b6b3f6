import "ol/ol.css";
import "./style.css";
import { render } from "preact";
import { App } from "./app";
import { ReviewStore } from "./store";

const store = new ReviewStore();
void store.start(); // before anything is drawn, so that the server works meanwhile
render(<App store={store} />, document.getElementById("app")!);
