// The token stays in this tab. It may come in the address behind “#token=”, which is never sent.
"use strict";
const Token = {
  read() {
    const found = new URLSearchParams(location.hash.slice(1)).get("token");
    if (found) {
      this.keep(found);
      history.replaceState(null, "", location.pathname);
    }
    return sessionStorage.getItem("together-token") || "";
  },
  keep(token) {
    sessionStorage.setItem("together-token", token.replace(/^Bearer\s+/i, "").trim());
  },
  async ask(parameters) {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    if (this.read()) headers.Authorization = "Bearer " + this.read();
    const answer = await fetch("/graphql", {
      method: "POST",
      headers,
      body: JSON.stringify(parameters),
    });
    return answer.json();
  },
  async watch(changed) {
    const field = document.getElementById("token");
    const say = async () => {
      const who = document.getElementById("who");
      if (!this.read()) return void (who.textContent = "Nobody is signed in.");
      const answer = await this.ask({ query: "{ viewer { name } }" });
      who.textContent = answer.data?.viewer?.name ?? answer.errors?.[0]?.message ?? "";
    };
    document.getElementById("sign-in").addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep(field.value);
      say();
      changed();
    });
    field.value = this.read();
    say();
  },
};
