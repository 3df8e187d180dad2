// The API's page: Swagger UI over the service's own OpenAPI document.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger",
    deepLinking: true,
    validatorUrl: null,
    supportedSubmitMethods: ["get", "post"],
  });
});
