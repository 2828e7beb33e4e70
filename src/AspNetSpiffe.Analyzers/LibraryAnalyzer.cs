using Microsoft.CodeAnalysis.Diagnostics;

namespace AspNetSpiffe.Analyzers;

/// <summary>An analyzer that runs only if the program refers to the part of the library that it knows.</summary>
/// <param name="knownType">A type of that part.</param>
public abstract class LibraryAnalyzer(string knownType) : DiagnosticAnalyzer
{
    public sealed override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (start.Compilation.GetTypeByMetadataName(knownType) is not null) Register(start);
        });
    }

    protected abstract void Register(CompilationStartAnalysisContext start);
}
