using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspNetSpiffe;

/// <summary>The report as JSON, with source-generated serialization for Native AOT.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(DiagnosticsReport))]
internal sealed partial class DiagnosticsJson : JsonSerializerContext;
