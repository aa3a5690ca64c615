//! OpenAPI import: Swagger 2.0 and OpenAPI 3.x with the x-amazon-apigateway extensions
