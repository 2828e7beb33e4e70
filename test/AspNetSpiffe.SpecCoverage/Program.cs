// Which lines of the standards are held by a test: spec-coverage --lines FILE [--page TEMPLATE OUTPUT [--write]] [--require] ASSEMBLY...
using AspNetSpiffe.SpecCoverage;

var arguments = new Queue<string>(args);
string? list = null, template = null, output = null;
var (require, write) = (false, false);
List<string> assemblies = [];
while (arguments.TryDequeue(out var argument))
{
    if (argument == "--lines") list = arguments.Dequeue();
    else if (argument == "--page") (template, output) = (arguments.Dequeue(), arguments.Dequeue());
    else if (argument == "--require") require = true;
    else if (argument == "--write") write = true;
    else assemblies.Add(argument);
}

if (list is null || assemblies.Count == 0) return Fail("Name the list with --lines, and the assemblies of the tests.");

var coverage = new Coverage(SpecLine.Read(list), assemblies.SelectMany(SpecTest.Read));
foreach (var section in Section.All)
{
    var (held, all, notApplicable, requiredHeld, required) = coverage.Count(section);
    Console.WriteLine($"{section.Number} {section.Title,-20} {held,3} of {all,3} lines held; MUST and HARD {requiredHeld,2} of {required,2}; {notApplicable,2} do not apply");
}

if (coverage.Unknown.Count > 0) return Fail($"Tests carry ids that the list does not have: {string.Join(", ", coverage.Unknown)}.");
if (require && coverage.Missing.ToList() is { Count: > 0 } missing) return Fail($"Not held by any test:\n{string.Join('\n', missing)}");
if (template is null) return 0;

var page = ConformancePage.Write(File.ReadAllText(template), coverage);
if (write) File.WriteAllText(output!, page);
else if (!File.Exists(output) || File.ReadAllText(output) != page) return Fail($"{output} is not current: run build/spec-coverage --write.");
return 0;

static int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 1;
}
