export { type Bar, barChart } from "./bar-chart.ts";
export { type LineChart, lineChart } from "./line-chart.ts";
