using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The outside programs by name, and our scripts for them by path.</summary>
internal static class Tools
{
    public const string OpenSsl = "openssl";
    public const string Curl = "curl";
    public const string Node = "node";
    public const string Gcc = "gcc";

    /// <summary>Debian's own Python: its gRPC is not seen by any other.</summary>
    public const string Python = "/usr/bin/python3";

    public static string NodeServer { get; } = Script("node", "server.mjs");

    public static string NodeClient { get; } = Script("node", "client.mjs");

    public static string PythonClient { get; } = Script("python", "client.py");

    public static string NodeGreeterClient { get; } = Script("node", "greeter-client.mjs");

    public static string NodeGreeterServer { get; } = Script("node", "greeter-server.mjs");

    public static string NodeLoad { get; } = Script("node", "load.mjs");

    public static string PythonLoad { get; } = Script("python", "load.py");

    public static string PythonGreeterClient { get; } = Script("python", "greeter_client.py");

    public static string PythonGreeterServer { get; } = Script("python", "greeter_server.py");

    public static string GreeterProto { get; } = Repository.PathOf("samples", "GrpcMtls", "greeter.proto");

    public static string Proto { get; } = Repository.PathOf("src", "AspNetSpiffe.Workload", "WorkloadApi", "workload.proto");

    public static string HealthProto { get; } = Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", "node", "health.proto");

    private static string Script(string language, string file) => Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", language, file);
}
