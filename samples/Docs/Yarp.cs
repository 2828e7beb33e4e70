namespace Docs;

/// <summary>docs/how-to/yarp.md</summary>
internal static class Yarp
{
    public static void AddGateway(WebApplicationBuilder builder)
    {
        // <services>
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy")).AddSpiffeMtls();
        // </services>
    }
}
