// A stand-in for the provider mypurecloud/genesyscloud, with as much of it as
// the example terraform-examples/long-apply uses: the block `gateway` with its
// defaults from the environment, Go's HTTP client as the vendor's SDK uses it,
// and one resource. A 401 fails the resource at once, as with the real one, and
// without a token it makes as many as the real one does.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resources "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	options := providerserver.ServeOpts{Address: "registry.terraform.io/mypurecloud/genesyscloud"}
	stand := func() provider.Provider { return &standIn{} }
	if err := providerserver.Serve(context.Background(), stand, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type standIn struct{}

type settings struct {
	AccessToken       types.String `tfsdk:"access_token"`
	AwsRegion         types.String `tfsdk:"aws_region"`
	OAuthClientId     types.String `tfsdk:"oauthclient_id"`
	OAuthClientSecret types.String `tfsdk:"oauthclient_secret"`
	TokenPoolSize     types.Int64  `tfsdk:"token_pool_size"`
	Gateway           []gateway    `tfsdk:"gateway"`
}

type gateway struct {
	Host       types.String `tfsdk:"host"`
	Port       types.String `tfsdk:"port"`
	Protocol   types.String `tfsdk:"protocol"`
	PathParams []pathParams `tfsdk:"path_params"`
}

type pathParams struct {
	PathName  types.String `tfsdk:"path_name"`
	PathValue types.String `tfsdk:"path_value"`
}

func (*standIn) Metadata(_ context.Context, _ provider.MetadataRequest, answer *provider.MetadataResponse) {
	answer.TypeName = "genesyscloud"
}

func (*standIn) Schema(_ context.Context, _ provider.SchemaRequest, answer *provider.SchemaResponse) {
	text := func() schema.Attribute { return schema.StringAttribute{Optional: true} }
	params := schema.SetNestedBlock{NestedObject: schema.NestedBlockObject{
		Attributes: map[string]schema.Attribute{"path_name": text(), "path_value": text()},
	}}
	answer.Schema = schema.Schema{
		Attributes: map[string]schema.Attribute{
			"access_token":       schema.StringAttribute{Optional: true, Sensitive: true},
			"aws_region":         text(),
			"oauthclient_id":     text(),
			"oauthclient_secret": schema.StringAttribute{Optional: true, Sensitive: true},
			"token_pool_size":    schema.Int64Attribute{Optional: true},
		},
		Blocks: map[string]schema.Block{
			"gateway": schema.SetNestedBlock{NestedObject: schema.NestedBlockObject{
				Attributes: map[string]schema.Attribute{
					"host": text(), "port": text(), "protocol": text(),
				},
				Blocks: map[string]schema.Block{"path_params": params},
			}},
		},
	}
}

// Configure asks what the real provider asks since 1.65.
func (*standIn) Configure(ctx context.Context, request provider.ConfigureRequest, answer *provider.ConfigureResponse) {
	var given settings
	answer.Diagnostics.Append(request.Config.Get(ctx, &given)...)
	if answer.Diagnostics.HasError() {
		return
	}
	client := &client{
		base:  base(given, "api"),
		token: or(given.AccessToken, "GENESYSCLOUD_ACCESS_TOKEN"),
	}
	if client.token == "" {
		token, err := logIn(given)
		if err != nil {
			answer.Diagnostics.AddError("The client's credentials are no good", err.Error())
			return
		}
		client.token = token
	}
	for _, question := range []string{"/organizations/me", "/authorization/products"} {
		if _, err := client.call("GET", question, nil); err != nil {
			answer.Diagnostics.AddError("The provider cannot be configured", err.Error())
			return
		}
	}
	answer.ResourceData = client
}

// One token for itself, and one for each client of its pool.
func logIn(given settings) (string, error) {
	token, pool := "", int64(10)
	if !given.TokenPoolSize.IsNull() {
		pool = given.TokenPoolSize.ValueInt64()
	}
	for range 1 + pool {
		form := strings.NewReader("grant_type=client_credentials")
		request, err := http.NewRequest("POST", base(given, "login")+"/oauth/token", form)
		if err != nil {
			return "", err
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(
			or(given.OAuthClientId, "GENESYSCLOUD_OAUTHCLIENT_ID"),
			or(given.OAuthClientSecret, "GENESYSCLOUD_OAUTHCLIENT_SECRET"))
		reply, err := send(request, "/oauth/token")
		if err != nil {
			return "", err
		}
		token = reply["access_token"].(string)
	}
	return token, nil
}

// Where a host of the cloud is, "api" or "login". The variables are read for a
// block that is there, and not without one.
func base(given settings, host string) string {
	if len(given.Gateway) == 0 {
		return "https://" + host + "." + domains[or(given.AwsRegion, "GENESYSCLOUD_REGION")]
	}
	gateway := given.Gateway[0]
	prefix := ""
	for _, params := range gateway.PathParams {
		if or(params.PathName, "GENESYSCLOUD_GATEWAY_PATH_NAME") == host {
			prefix = strings.Trim(or(params.PathValue, "GENESYSCLOUD_GATEWAY_PATH_VALUE"), "/")
		}
	}
	// Two slashes after the port, as the provider 1.53 to 1.66 has them.
	if prefix != "" {
		prefix = "//" + prefix
	} else if len(gateway.PathParams) == 0 {
		prefix = "/"
	}
	return fmt.Sprintf("%s://%s:%s%s",
		or(gateway.Protocol, "GENESYSCLOUD_GATEWAY_PROTOCOL"),
		or(gateway.Host, "GENESYSCLOUD_GATEWAY_HOST"),
		or(gateway.Port, "GENESYSCLOUD_GATEWAY_PORT"),
		prefix)
}

var domains = map[string]string{"us-east-1": "mypurecloud.com", "eu-west-1": "mypurecloud.ie"}

func or(given types.String, variable string) string {
	if given.IsNull() {
		return os.Getenv(variable)
	}
	return given.ValueString()
}

func (*standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (*standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &skills{} }}
}

type client struct{ base, token string }

type refusal struct {
	status int
	text   string
}

func (refusal *refusal) Error() string { return refusal.text }

func (client *client) call(method, what string, body any) (map[string]any, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(method, client.base+"/api/v2"+what, bytes.NewReader(sent))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+client.token)
	request.Header.Set("Content-Type", "application/json")
	return send(request, what)
}

func send(request *http.Request, what string) (map[string]any, error) {
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode > 299 {
		return nil, &refusal{reply.StatusCode, fmt.Sprintf("%s %s: %s: %s", request.Method, what, reply.Status, text)}
	}
	answer := map[string]any{}
	if len(text) > 0 {
		err = json.Unmarshal(text, &answer)
	}
	return answer, err
}

type skills struct{ client *client }

type skill struct {
	Id   types.String `tfsdk:"id"`
	Name types.String `tfsdk:"name"`
}

func (*skills) Metadata(_ context.Context, _ resource.MetadataRequest, answer *resource.MetadataResponse) {
	answer.TypeName = "genesyscloud_routing_skill"
}

func (*skills) Schema(_ context.Context, _ resource.SchemaRequest, answer *resource.SchemaResponse) {
	answer.Schema = resources.Schema{Attributes: map[string]resources.Attribute{
		"id": resources.StringAttribute{
			Computed:      true,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"name": resources.StringAttribute{
			Required:      true,
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
	}}
}

func (skills *skills) Configure(_ context.Context, request resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	skills.client, _ = request.ProviderData.(*client)
}

func (skills *skills) Create(ctx context.Context, request resource.CreateRequest, answer *resource.CreateResponse) {
	var wanted skill
	answer.Diagnostics.Append(request.Plan.Get(ctx, &wanted)...)
	if answer.Diagnostics.HasError() {
		return
	}
	made, err := skills.client.call("POST", "/routing/skills", map[string]string{"name": wanted.Name.ValueString()})
	if err != nil {
		answer.Diagnostics.AddError("The skill cannot be made", err.Error())
		return
	}
	wanted.Id = types.StringValue(made["id"].(string))
	answer.Diagnostics.Append(answer.State.Set(ctx, &wanted)...)
}

func (skills *skills) Read(ctx context.Context, request resource.ReadRequest, answer *resource.ReadResponse) {
	var id types.String
	answer.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if _, err := skills.client.call("GET", "/routing/skills/"+id.ValueString(), nil); err != nil {
		if refusal, is := err.(*refusal); is && refusal.status == http.StatusNotFound {
			answer.State.RemoveResource(ctx)
			return
		}
		answer.Diagnostics.AddError("The skill cannot be read", err.Error())
	}
}

func (*skills) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

func (skills *skills) Delete(ctx context.Context, request resource.DeleteRequest, answer *resource.DeleteResponse) {
	var id types.String
	answer.Diagnostics.Append(request.State.GetAttribute(ctx, path.Root("id"), &id)...)
	if _, err := skills.client.call("DELETE", "/routing/skills/"+id.ValueString(), nil); err != nil {
		answer.Diagnostics.AddError("The skill cannot be deleted", err.Error())
	}
}
