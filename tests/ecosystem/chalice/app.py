"""A sample application as people write them: routes, path parameters, CORS,
two authorizers and binary types."""

from chalice import AuthResponse, Chalice, CognitoUserPoolAuthorizer, CORSConfig, Response

app = Chalice(app_name="story")
app.api.binary_types = ["application/x-story", "image/png"]

pool = CognitoUserPoolAuthorizer(
    "pool", provider_arns=["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_a1b2c3"]
)
cors = CORSConfig(
    allow_origin="https://stories.test", allow_headers=["X-Story"], max_age=600,
    allow_credentials=True,
)


@app.authorizer(ttl_seconds=30)
def gate(request):
    return AuthResponse(routes=["/pets"], principal_id=request.token)


@app.route("/")
def index():
    return {"told": "by chalice"}


@app.route("/pets", methods=["GET", "POST"], cors=cors, authorizer=gate)
def pets():
    return {"pets": []}


@app.route("/pets/{name}/owners/{owner}", methods=["GET"], cors=True)
def owner(name, owner):
    return {"name": name, "owner": owner}


@app.route("/pictures/{name}", methods=["PUT"], content_types=["image/png"], authorizer=pool)
def picture(name):
    return Response(body=b"", headers={"Content-Type": "image/png"})


@app.route("/keys", api_key_required=True)
def keys():
    return {}
