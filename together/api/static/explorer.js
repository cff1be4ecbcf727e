"use strict";
const part = (id) => document.getElementById(id);
const run = async () => {
  try {
    const variables = JSON.parse(part("variables").value || "{}");
    const answer = await Token.ask({ query: part("query").value, variables });
    part("answer").textContent = JSON.stringify(answer, null, 2);
  } catch (error) {
    part("answer").textContent = String(error);
  }
};
part("run").addEventListener("click", run);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
Token.watch(() => {});
