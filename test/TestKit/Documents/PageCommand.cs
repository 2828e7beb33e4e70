using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AspNetSpiffe.TestKit;

/// <summary>A command of a page: its words, and the variables before them.</summary>
public sealed partial record PageCommand(IReadOnlyDictionary<string, string?> Environment, ImmutableArray<string> Words)
{
    /// <summary>Reads the commands of a block, one for each line that a backslash does not continue.</summary>
    public static IEnumerable<PageCommand> ReadAll(string text) =>
        text.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n').Select(Parse).Where(static command => !command.Words.IsEmpty);

    /// <summary>Reads the first command of a block of a page, the first block being 0.</summary>
    public static PageCommand Read(string page, int block, params (string Old, string New)[] replaced)
    {
        var text = CodeBlock.ReadAll(page).Where(static code => code.Language == "sh").ElementAt(block).Text;
        foreach (var (old, fresh) in replaced) text = text.Replace(old, fresh, StringComparison.Ordinal);
        return ReadAll(text).First();
    }

    /// <summary>Starts what <c>dotnet run --project FOLDER -- ARGUMENTS</c> starts, from where it was built; variables and arguments of the test come last.</summary>
    public OutsideProgram Start(IEnumerable<(string Name, string? Value)> own, params IEnumerable<string> more)
    {
        if (Words is not ["dotnet", "run", "--project", var folder, .. var rest] || rest is not ([] or ["--", ..])) throw new InvalidOperationException($"'{string.Join(' ', Words)}' is no 'dotnet run --project'.");
        var project = Directory.EnumerateFiles(Repository.PathOf(folder), "*.csproj").Single();
        var name = Path.GetFileNameWithoutExtension(project);

        // 'dotnet run' starts a web application in the folder of its project.
        var environment = new Dictionary<string, string?>(Environment) { ["ASPNETCORE_CONTENTROOT"] = Path.GetDirectoryName(project) };
        foreach (var (variable, value) in own) environment[variable] = value;
        return BuiltProgram.Start(environment, name, XDocument.Load(project).Descendants("AssemblyName").FirstOrDefault()?.Value ?? name, [.. rest.Skip(1), .. more]);
    }

    private static PageCommand Parse(string line)
    {
        var words = Word().Matches(line).Select(static word => word.Value).TakeWhile(static word => word is not ("#" or "|" or "&" or ">>" or ">" or "&&")).Select(static word => Quote().Replace(word, "")).ToList();
        var variables = words.TakeWhile(static word => Variable().IsMatch(word)).ToList();
        return new(variables.Select(static variable => variable.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => (string?)pair[1]), [.. words[variables.Count..]]);
    }

    [GeneratedRegex("""(?:'[^']*'|"[^"]*"|[^\s'"])+""")]
    private static partial Regex Word();

    [GeneratedRegex("""['"]""")]
    private static partial Regex Quote();

    [GeneratedRegex(@"^[A-Za-z_]\w*=")]
    private static partial Regex Variable();
}
