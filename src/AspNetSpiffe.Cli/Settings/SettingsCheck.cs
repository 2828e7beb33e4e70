using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Cli.Settings;

/// <summary>The errors in the settings, and what cannot be checked without starting the application.</summary>
internal sealed record SettingsVerdict(IReadOnlyList<string> Mistakes, IReadOnlyList<string> NotChecked);

/// <summary>Builds an application as users do, and lets the library validate its options; nothing is started, and no agent is called.</summary>
internal static class SettingsCheck
{
    private const string Clients = "Clients";

    // A valid address as a placeholder: if the settings have none, the application's environment provides it, which differs from ours.
    private const string SomeAddress = "unix:///the/environment/of/the/application.sock";

    /// <exception cref="IOException">A file does not exist.</exception>
    /// <exception cref="FormatException">A file is not valid JSON; the message says where.</exception>
    public static SettingsVerdict Run(string[] files, bool isWorker, bool withEnvironment)
    {
        if (!withEnvironment) Environment.SetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable, SomeAddress);
        var settings = Read(files, withEnvironment);
        using var application = Build(settings, isWorker, withEnvironment);
        return new(FindMistakes(application.Services, isWorker), [.. NotChecked(settings.GetSection(SpiffeOptions.SectionName), withEnvironment)]);
    }

    private static IHost Build(IConfiguration settings, bool isWorker, bool withEnvironment)
    {
        var builder = new HostBuilder().ConfigureAppConfiguration(configuration => configuration.AddConfiguration(settings));
        if (isWorker) builder.ConfigureServices(static services => services.AddSpiffe());
        else builder.ConfigureWebHost(AddServer, options => options.SuppressEnvironmentConfiguration = !withEnvironment);
        return builder.ConfigureServices(static (context, services) => AddClients(services, context.Configuration)).Build();
    }

    // As in the defaults of a web application.
    private static void AddServer(IWebHostBuilder web) =>
        web.UseKestrelCore().ConfigureKestrel(static (context, kestrel) => kestrel.Configure(context.Configuration.GetSection("Kestrel"))).UseSpiffeMtls();

    // The names of clients are chosen by the application: each name in the settings is registered as a client.
    private static void AddClients(IServiceCollection services, IConfiguration configuration)
    {
        foreach (var client in configuration.GetSection($"{SpiffeOptions.SectionName}:{Clients}").GetChildren()) services.AddHttpClient(client.Key).AddSpiffeFromConfiguration();
    }

    private static IConfigurationRoot Read(string[] files, bool withEnvironment)
    {
        var settings = new ConfigurationBuilder();
        foreach (var file in files)
            settings.AddJsonFile(File.Exists(file) ? Path.GetFullPath(file) : throw new IOException($"The file '{file}' does not exist."), optional: false, reloadOnChange: false);

        if (withEnvironment) settings.AddEnvironmentVariables();
        try
        {
            return settings.Build();
        }
        catch (InvalidDataException e)
        {
            throw new FormatException($"{e.Message} {e.GetBaseException().Message}", e);
        }
    }

    // Kestrel's options report conflicting settings of endpoints.
    private static string[] FindMistakes(IServiceProvider services, bool isWorker) =>
        [.. MistakesOf<SpiffeOptions>(services), .. isWorker ? [] : MistakesOf<KestrelServerOptions>(services)];

    private static IEnumerable<string> MistakesOf<T>(IServiceProvider services) where T : class
    {
        try
        {
            _ = services.GetRequiredService<IOptions<T>>().Value;
            return [];
        }
        catch (OptionsValidationException e)
        {
            return e.Failures;
        }
        catch (InvalidOperationException e)
        {
            return [e.Message];
        }
    }

    private static IEnumerable<string> NotChecked(IConfigurationSection spiffe, bool withEnvironment)
    {
        if (!spiffe.Exists()) yield return $"There is no section '{SpiffeOptions.SectionName}': the application uses the defaults.";
        if (!withEnvironment && spiffe["EndpointSocket"] is null && !spiffe.GetSection("Files").Exists())
            yield return $"The address of the agent comes from {WorkloadApiAddress.EnvironmentVariable} and was not checked; --environment checks that of this process.";
        foreach (var client in spiffe.GetSection(Clients).GetChildren())
            yield return $"'{client.Path}' is used only if the application calls AddHttpClient(\"{client.Key}\").AddSpiffeFromConfiguration().";
    }
}
