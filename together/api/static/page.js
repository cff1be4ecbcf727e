"use strict";
const root = ReactDOM.createRoot(document.getElementById("graphiql"));
let shown = 0;
const draw = () =>
  root.render(
    React.createElement(GraphiQL, {
      key: ++shown,
      fetcher: (parameters) => Token.ask(parameters),
      defaultEditorToolsVisibility: "variables",
      isHeadersEditorEnabled: false,
      defaultQuery: "query Home {\n  viewer {\n    name\n    timeZone\n    matches(first: 5) {\n      nodes { id program { name } }\n    }\n  }\n}\n",
    }),
  );
Token.watch(draw);
draw();
