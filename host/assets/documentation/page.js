// Shows the OpenAPI document, every operation ready to be tried against the host that served this page.
SwaggerUIBundle({
  url: "documentation/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Its own default is to send the document to a validator on the internet.
  validatorUrl: "none",
});
