using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>Programs as users write them, compiled against ASP.NET Core and the built libraries.</summary>
internal static class Compiled
{
    /// <summary>The first lines of each program.</summary>
    public const string Usings = """
        #nullable enable
        using System;
        using System.Collections.Generic;
        using System.Net.Http;
        using System.Security.Cryptography.X509Certificates;
        using AspNetSpiffe;
        using Microsoft.AspNetCore.Authorization;
        using Microsoft.AspNetCore.Builder;
        using Microsoft.AspNetCore.Hosting;
        using Microsoft.AspNetCore.Http;
        using Microsoft.AspNetCore.Server.Kestrel.Core;
        using Microsoft.AspNetCore.Server.Kestrel.Https;
        using Microsoft.AspNetCore.SignalR.Client;
        using Microsoft.Extensions.DependencyInjection;
        using Microsoft.Extensions.Hosting;
        using Yarp.ReverseProxy.Configuration;

        """;

    /// <summary>Gets what this program itself runs on. The analyzers have types of the library's names, and are no part of it.</summary>
    public static IReadOnlyList<MetadataReference> References { get; } =
    [
        .. from path in ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
           let name = Path.GetFileNameWithoutExtension(path)
           where name is "AspNetSpiffe" or "AspNetSpiffe.Workload" or "AspNetSpiffe.SignalR.Client" or "AspNetSpiffe.Yarp" or "Yarp.ReverseProxy" or "netstandard" or "xunit.v3.assert"
               || (name.Split('.')[0] is "System" or "Microsoft" && !name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal))
           select MetadataReference.CreateFromFile(path),
    ];

    public static CSharpCompilation From(string program) =>
        CSharpCompilation.Create("Program", [CSharpSyntaxTree.ParseText(Usings + program, cancellationToken: TestContext.Current.CancellationToken)], References, new(OutputKind.ConsoleApplication));
}
