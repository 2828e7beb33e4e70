// Writes the files that are made from the code, the pages of docs/reference and the schemas of the settings: reference FOLDER
using AspNetSpiffe.Reference;

if (args is not [var folder]) return Fail("Name the folder of the repository.");

try
{
    foreach (var page in Page.All) File.WriteAllText(Path.Combine(folder, page.Path), page.Write(Page.Assemblies));
    return 0;
}
catch (FormatException mistakes)
{
    return Fail(mistakes.Message);
}

static int Fail(string message)
{
    Console.Error.WriteLine(message);
    return 1;
}
