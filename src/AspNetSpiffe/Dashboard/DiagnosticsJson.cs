using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>The report as JSON. Nothing is asked of its types while the service runs: it is for Native AOT too.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(DiagnosticsReport))]
internal sealed partial class DiagnosticsJson : JsonSerializerContext;
