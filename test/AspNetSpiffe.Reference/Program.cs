// Writes the pages of docs/reference, which are made from the code: reference FOLDER
using AspNetSpiffe.Reference;

if (args is not [var folder]) return Fail("Name the folder to write the pages to.");

try
{
    Directory.CreateDirectory(folder);
    foreach (var page in Page.All) File.WriteAllText(Path.Combine(folder, page.Name), page.Write(Page.Assemblies));
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
