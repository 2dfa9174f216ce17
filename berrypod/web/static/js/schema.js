// Starts Swagger UI on /schema. A file of its own: the Content-Security-Policy allows no inline script.
const place = document.getElementById("api");

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // A token typed here stays in this page, and goes when it is left.
  persistAuthorization: false,
  // No other host is asked whether the document is valid.
  validatorUrl: null,
});
