using Company.SpiffeWorker1;

var builder = Host.CreateApplicationBuilder(args);
builder.AddWorker();

// In development an agent in this process issues our identity, unless SPIFFE_ENDPOINT_SOCKET is set to the address of another agent, as it is elsewhere.
if (builder.Environment.IsDevelopment()) builder.AddSpiffeDevAgent();

builder.Build().Run();
