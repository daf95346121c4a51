// What WEKA writes, and what WEKA reads: run by write_arff.py.
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import weka.core.*;
import weka.core.converters.*;

public class write_arff {
  static Instances made() throws Exception {
    ArrayList<Attribute> attributes = new ArrayList<>();
    attributes.add(new Attribute("plain"));
    attributes.add(new Attribute("it's, 100%"));
    attributes.add(new Attribute("city", Arrays.asList("Rome", "New York", "it's", "a,b", "{x}", "5%", "é", "?", "\\", "\"")));
    attributes.add(new Attribute("note", (List<String>) null));
    attributes.add(new Attribute("day", "yyyy-MM-dd"));
    attributes.add(new Attribute("moment", "dd.MM.yyyy HH:mm:ss.SSS"));
    attributes.add(new Attribute("happy", Arrays.asList("1", "0")));
    attributes.add(new Attribute("sad", Arrays.asList("0", "1")));
    Instances data = new Instances("moods of 'people': -C -2", attributes, 0);
    Object[][] rows = {
      {1.5, 2.0, "Rome", "plain", "2024-02-29", "01.05.2024 12:30:00.125", "1", "0", 1.0},
      {0.1, 0.0, "New York", "two\nlines", "1969-12-31", "31.12.1999 23:59:59.999", "0", "1", 2.5},
      {-1e-300, 1e300, "it's", "it's \"5%\" \\ a, {b}", null, null, "1", "1", 1.0},
      {1.0 / 3, null, "a,b", "tab\there", "2024-01-01", "01.01.1970 00:00:00.000", "0", "0", 1.0},
      {0.0, -0.0, "{x}", "", "2024-01-01", "29.02.2000 00:00:00.001", null, "0", 0.25},
      {null, 12345678.0, "5%", "?", "2024-01-01", "29.02.2000 00:00:00.010", "1", "0", 1.0},
      {3.0, 4.0, "é", null, "2024-01-01", "29.02.2000 00:00:00.010", "1", null, 1.0},
      {3.0, 4.0, "?", "naïve 日本", "2024-01-01", "29.02.2000 00:00:00.010", "1", "0", 1.0},
      {3.0, 4.0, null, "plain", "2024-01-01", "29.02.2000 00:00:00.010", "1", "0", 1.0},
      {3.0, 4.0, "\\", "plain", "2024-01-01", "29.02.2000 00:00:00.010", "0", "0", 1.0},
      {3.0, 4.0, "\"", "plain", "2024-01-01", "29.02.2000 00:00:00.010", "0", "0", 1.0},
    };
    for (Object[] row : rows) {
      double[] values = new double[attributes.size()];
      for (int j = 0; j < values.length; j++) {
        Attribute a = data.attribute(j);
        if (row[j] == null) values[j] = Utils.missingValue();
        else if (a.isDate()) values[j] = a.parseDate((String) row[j]);
        else if (a.isNumeric()) values[j] = (Double) row[j];
        else if (a.isNominal()) values[j] = a.indexOfValue((String) row[j]);
        else values[j] = a.addStringValue((String) row[j]);
      }
      data.add(new DenseInstance((Double) row[row.length - 1], values));
    }
    return data;
  }

  static void save(Instances data, Path path) throws Exception {
    Files.write(path, (data.toString() + "\n").getBytes(StandardCharsets.UTF_8));
  }

  static Instances sparse(Instances data) {
    Instances found = new Instances(data, 0);
    for (Instance row : data) found.add(new SparseInstance(row));
    return found;
  }

  static String quoted(String text) {
    StringBuilder built = new StringBuilder("\"");
    for (char c : text.toCharArray())
      built.append(c == '"' || c == '\\' ? "\\" + c : c < 32 || c > 126 ? String.format("\\u%04x", (int) c) : "" + c);
    return built.append('"').toString();
  }

  static String cell(Instance row, int j) {
    Attribute a = row.attribute(j);
    if (row.isMissing(j)) return "null";
    if (a.isDate()) return "{\"ms\": " + (long) row.value(j) + "}";
    if (a.isNumeric()) return "" + row.value(j);
    return a.numValues() == 0 ? "null" : quoted(row.stringValue(j));
  }

  static String read(Path path) {
    try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
      Instances data = new ArffLoader.ArffReader(reader).getData();
      StringJoiner rows = new StringJoiner(",\n   "), weights = new StringJoiner(", "), names = new StringJoiner(", ");
      for (int j = 0; j < data.numAttributes(); j++) names.add(quoted(data.attribute(j).name()));
      for (Instance row : data) {
        StringJoiner cells = new StringJoiner(", ", "[", "]");
        for (int j = 0; j < data.numAttributes(); j++) cells.add(cell(row, j));
        rows.add(cells.toString());
        weights.add("" + row.weight());
      }
      return "{\"relation\": " + quoted(data.relationName()) + ", \"names\": [" + names + "],\n  \"weights\": [" + weights
          + "],\n  \"rows\": [" + rows + "]}";
    } catch (Exception error) {
      return "{\"error\": " + quoted("" + error.getMessage()) + "}";
    }
  }

  public static void main(String[] args) throws Exception {
    Path folder = Paths.get(args[0]);
    Instances data = made();
    save(data, folder.resolve("weka-dense.arff"));
    Instances numbers = new Instances(data);
    for (String name : new String[] {"moment", "day", "note", "city"}) numbers.deleteAttributeAt(numbers.attribute(name).index());
    save(sparse(numbers), folder.resolve("weka-sparse.arff"));
    save(sparse(data), folder.resolve("weka-sparse-texts.arff"));
    StringJoiner all = new StringJoiner(",\n", "{\n", "\n}\n");
    File[] files = folder.toFile().listFiles((f, name) -> name.endsWith(".arff"));
    Arrays.sort(files);
    for (File file : files) all.add(quoted(file.getName()) + ": " + read(file.toPath()));
    Files.write(folder.resolve("weka.json"), all.toString().getBytes(StandardCharsets.UTF_8));
  }
}
