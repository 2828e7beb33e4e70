// Starts a development agent and two services, each with its own SPIFFE ID.
using Aspire.AppHost;

var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, EnableResourceLogging = true });

// <identities>
var spiffe = builder.AddSpiffeDevAgent("example.org");
var orders = builder.AddProject<Projects.Aspire_Orders>("orders").WithHttpsEndpoint().WithSpiffeId(spiffe, "/orders");
// </identities>

builder.AddProject<Projects.Aspire_Shop>("shop").WithReference(orders).WaitFor(orders).WithSpiffeId(spiffe, "/shop");

builder.Build().Run();
