declare module "*.css";

/** Address of the built maps.ts; build.mjs knows it. */
declare const MAPS_FILE: string;
