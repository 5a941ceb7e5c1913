/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples/picture.c - paper as pixels, and what scanners and phones do to it.
 */
#include "config.h"
#include "samples/sample.h"
#include <math.h>
#include <string.h>

Picture *
picture_new(unsigned width_px, unsigned height_px, unsigned channels)
{
    Picture *self = g_new0(Picture, 1);

    self->width_px = width_px;
    self->height_px = height_px;
    self->channels = channels;
    self->px = g_malloc0_n((size_t)width_px * height_px, channels);
    return self;
}

void
picture_free(Picture *self)
{
    if (self != NULL)
        g_free(self->px);
    g_free(self);
}

uint8_t
picture_byte(double value)
{
    return (uint8_t)CLAMP(value + 0.5, 0, 255);
}

uint8_t *
picture_at(const Picture *self, unsigned x, unsigned y)
{
    return self->px + ((size_t)y * self->width_px + x) * self->channels;
}

void
picture_sample(const Picture *self, double x, double y, const double *outside, double *out)
{
    double fx = floor(x);
    double fy = floor(y);
    double wx = x - fx;
    double wy = y - fy;

    for (unsigned c = 0; c < self->channels; c++)
        out[c] = 0;
    for (unsigned i = 0; i < 4; i++) {
        double px = fx + (i & 1);
        double py = fy + (i >> 1);
        double weight = ((i & 1) != 0 ? wx : 1 - wx) * ((i >> 1) != 0 ? wy : 1 - wy);
        bool inside = px >= 0 && py >= 0 && px < self->width_px && py < self->height_px;

        for (unsigned c = 0; c < self->channels; c++)
            out[c] +=
                weight * (inside ? picture_at(self, (unsigned)px, (unsigned)py)[c] : outside[c]);
    }
}

static double
picture_height(const Paper *paper, const Deal *deal)
{
    cairo_surface_t *surface = NULL;
    cairo_t *cr = NULL;
    Pen pen = {0};
    double height = paper->height_mm;

    if (height > 0)
        return height;
    /* Nothing lands here: the roll is as long as what is printed. */
    surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cr = cairo_create(surface);
    pen_init(&pen, cr, 203, true);
    height = paper->draw(&pen, deal, 0);
    pen_clear(&pen);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return height;
}

static void
picture_take(Picture *self, cairo_surface_t *surface)
{
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);

    for (unsigned y = 0; y < self->height_px; y++) {
        for (unsigned x = 0; x < self->width_px; x++) {
            uint8_t *to = picture_at(self, x, y);
            uint32_t argb = 0;
            unsigned a = 0;
            unsigned r = 0;
            unsigned g = 0;
            unsigned b = 0;

            memcpy(&argb, data + (size_t)y * (size_t)stride + 4 * (size_t)x, sizeof argb);
            a = argb >> 24;
            r = (argb >> 16) & 0xff;
            g = (argb >> 8) & 0xff;
            b = argb & 0xff;
            if (self->channels == 1) {
                to[0] = (uint8_t)((r * 299 + g * 587 + b * 114 + 500) / 1000);
                continue;
            }
            if (self->channels == 4 && a != 0) {
                r = MIN(255, (r * 255 + a / 2) / a); /* cairo multiplies by alpha */
                g = MIN(255, (g * 255 + a / 2) / a);
                b = MIN(255, (b * 255 + a / 2) / a);
            }
            to[0] = (uint8_t)r;
            to[1] = (uint8_t)g;
            to[2] = (uint8_t)b;
            if (self->channels == 4)
                to[3] = (uint8_t)a;
        }
    }
}

Picture *
picture_print(const Paper *paper, const Deal *deal, unsigned page, double dpi, unsigned channels)
{
    double height_mm = picture_height(paper, deal);
    int width_px = (int)lround(paper->width_mm * dpi / 25.4);
    int height_px = (int)lround(height_mm * dpi / 25.4);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width_px, height_px);
    cairo_t *cr = cairo_create(surface);
    Picture *self = picture_new((unsigned)width_px, (unsigned)height_px, channels);
    Pen pen = {0};

    if (channels != 4) {
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_paint(cr);
    }
    pen_init(&pen, cr, dpi, paper->height_mm == 0);
    paper->draw(&pen, deal, page);
    pen_clear(&pen);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    picture_take(self, surface);
    cairo_surface_destroy(surface);
    return self;
}

Picture *
picture_scale(const Picture *self, double factor)
{
    Picture *out = picture_new((unsigned)lround(self->width_px * factor),
                               (unsigned)lround(self->height_px * factor), self->channels);
    const double white[] = {255, 255, 255, 255};
    double at[4];

    for (unsigned y = 0; y < out->height_px; y++)
        for (unsigned x = 0; x < out->width_px; x++) {
            picture_sample(self, (x + 0.5) / factor - 0.5, (y + 0.5) / factor - 0.5, white, at);
            for (unsigned c = 0; c < out->channels; c++)
                picture_at(out, x, y)[c] = picture_byte(at[c]);
        }
    return out;
}

void
picture_scan(Picture *self, Chance *chance)
{
    for (unsigned y = 0; y < self->height_px; y++)
        for (unsigned x = 0; x < self->width_px; x++) {
            uint8_t *at = picture_at(self, x, y);
            double grain = chance_normal(chance) * 1.6;

            for (unsigned c = 0; c < self->channels; c++)
                at[c] = picture_byte(26 + at[c] * (224.0 / 255) + grain);
        }
}

Picture *
picture_skew(const Picture *self, double degrees)
{
    double sine = sin(degrees * G_PI / 180);
    double cosine = cos(degrees * G_PI / 180);
    unsigned width = (unsigned)lround(self->width_px * cosine + self->height_px * fabs(sine)) + 40;
    unsigned height = (unsigned)lround(self->height_px * cosine + self->width_px * fabs(sine)) + 40;
    Picture *out = picture_new(width, height, self->channels);
    const double lid[] = {232, 233, 234, 255};
    double at[4];

    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            double dx = x - width / 2.0;
            double dy = y - height / 2.0;

            picture_sample(self, self->width_px / 2.0 + dx * cosine + dy * sine,
                           self->height_px / 2.0 - dx * sine + dy * cosine, lid, at);
            for (unsigned c = 0; c < out->channels; c++)
                picture_at(out, x, y)[c] = picture_byte(at[c]);
        }
    return out;
}

void
picture_fade(Picture *self, Chance *chance)
{
    double phase = chance_unit(chance) * 6;
    double slope = chance_unit(chance) * 2;

    for (unsigned y = 0; y < self->height_px; y++)
        for (unsigned x = 0; x < self->width_px; x++) {
            uint8_t *at = picture_at(self, x, y);
            double wave = sin(phase + slope * y / self->width_px + 2.0 * x / self->width_px);
            double ink = 0.34 + 0.10 * wave; /* what is left of the blackness */
            double grain = chance_normal(chance) * 3;

            for (unsigned c = 0; c < self->channels; c++)
                at[c] = picture_byte(246 - (255 - at[c]) * ink + grain);
        }
}

void
picture_blur(Picture *self, double strength)
{
    g_autofree uint8_t *copy =
        g_memdup2(self->px, (size_t)self->width_px * self->height_px * self->channels);
    const Picture before = {self->width_px, self->height_px, self->channels, copy};

    for (unsigned y = 1; y + 1 < self->height_px; y++)
        for (unsigned x = 1; x + 1 < self->width_px; x++)
            for (unsigned c = 0; c < self->channels; c++) {
                double around = picture_at(&before, x - 1, y)[c] +
                                picture_at(&before, x + 1, y)[c] +
                                picture_at(&before, x, y - 1)[c] + picture_at(&before, x, y + 1)[c];
                double here = picture_at(&before, x, y)[c];

                picture_at(self, x, y)[c] =
                    picture_byte((here + strength * around) / (1 + 4 * strength));
            }
}

/** The map that takes the unit square to the corners @quad (x, y of each, clockwise from the top
 * left), inverted: @out takes a place of the picture to a place of the paper. */
static void
picture_inverse_map(const double quad[8], double out[9])
{
    double dx1 = quad[2] - quad[4];
    double dx2 = quad[6] - quad[4];
    double dx3 = quad[0] - quad[2] + quad[4] - quad[6];
    double dy1 = quad[3] - quad[5];
    double dy2 = quad[7] - quad[5];
    double dy3 = quad[1] - quad[3] + quad[5] - quad[7];
    double den = dx1 * dy2 - dx2 * dy1;
    double g = (dx3 * dy2 - dx2 * dy3) / den;
    double h = (dx1 * dy3 - dx3 * dy1) / den;
    double m[9] = {quad[2] - quad[0] + g * quad[2],
                   quad[6] - quad[0] + h * quad[6],
                   quad[0],
                   quad[3] - quad[1] + g * quad[3],
                   quad[7] - quad[1] + h * quad[7],
                   quad[1],
                   g,
                   h,
                   1};

    out[0] = m[4] * m[8] - m[5] * m[7];
    out[1] = m[2] * m[7] - m[1] * m[8];
    out[2] = m[1] * m[5] - m[2] * m[4];
    out[3] = m[5] * m[6] - m[3] * m[8];
    out[4] = m[0] * m[8] - m[2] * m[6];
    out[5] = m[2] * m[3] - m[0] * m[5];
    out[6] = m[3] * m[7] - m[4] * m[6];
    out[7] = m[1] * m[6] - m[0] * m[7];
    out[8] = m[0] * m[4] - m[1] * m[3];
}

Picture *
picture_photograph(const Picture *self, Chance *chance, bool mild)
{
    const double margin = 0.08;
    const double jitter = mild ? 0.012 : 0.035;
    unsigned width = (unsigned)lround(self->width_px * (1 + 2 * margin));
    unsigned height = (unsigned)lround(self->height_px + self->width_px * 2 * margin);
    Picture *out = picture_new(width, height, 3);
    double light_x = chance_unit(chance);
    double light_y = chance_unit(chance);
    double fall = mild ? 0.22 : 0.42;
    double warm = 0.97 + 0.04 * chance_unit(chance);
    double quad[8];
    double map[9];

    for (unsigned i = 0; i < 4; i++) {
        double edge = self->width_px * margin;

        quad[2 * i] = (i == 1 || i == 2 ? width - edge : edge) +
                      (chance_unit(chance) - 0.5) * 2 * jitter * self->width_px;
        quad[2 * i + 1] = (i >= 2 ? height - edge : edge) +
                          (chance_unit(chance) - 0.5) * 2 * jitter * self->width_px;
    }
    picture_inverse_map(quad, map);
    for (unsigned y = 0; y < height; y++) {
        for (unsigned x = 0; x < width; x++) {
            double w = map[6] * x + map[7] * y + map[8];
            double u = (map[0] * x + map[1] * y + map[2]) / w;
            double v = (map[3] * x + map[4] * y + map[5]) / w;
            double far = hypot((double)x / width - light_x, (double)y / height - light_y);
            double light = 1 - fall * far * far;
            double rings = sin((y * 0.9 + 14 * sin(x * 0.004)) * 0.05) * 6;
            const double desk[] = {128 + rings, 92 + rings, 62 + rings};
            const double paper = 244;
            double at[4];

            if (u >= 0 && v >= 0 && u <= 1 && v <= 1) {
                const double blank[] = {255, 255, 255, 255};

                picture_sample(self, u * self->width_px - 0.5, v * self->height_px - 0.5, blank,
                               at);
                if (self->channels == 1)
                    at[1] = at[2] = at[0];
                for (unsigned c = 0; c < 3; c++)
                    at[c] = 34 + at[c] * (paper - 34) / 255;
            } else {
                double shadow = u > -0.02 && u < 1.03 && v > 0 && v < 1.012 ? 0.72 : 1;

                for (unsigned c = 0; c < 3; c++)
                    at[c] = desk[c] * shadow;
            }
            at[2] *= warm;
            for (unsigned c = 0; c < 3; c++)
                picture_at(out, x, y)[c] = picture_byte(at[c] * light);
        }
    }
    picture_blur(out, mild ? 0.10 : 0.30);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        double grain = chance_normal(chance) * (mild ? 2 : 4);

        for (unsigned c = 0; c < 3; c++)
            out->px[3 * i + c] = picture_byte(out->px[3 * i + c] + grain);
    }
    return out;
}

void
picture_ground(unsigned kind, double x, double y, double out[3])
{
    double rings = sin((y * 0.9 + 14 * sin(x * 0.004)) * 0.05) * 6;
    double weave = (sin(x * 0.9) + sin(y * 0.9)) * 5;
    const double grounds[][3] = {{128 + rings, 92 + rings, 62 + rings},
                                 {52 + weave, 58 + weave, 84 + weave},
                                 {158 + weave / 3, 156 + weave / 3, 150 + weave / 3}};

    memcpy(out, grounds[kind % G_N_ELEMENTS(grounds)], sizeof grounds[0]);
}

Picture *
picture_desk(const Picture *self, Chance *chance)
{
    double share = 0.35 + 0.5 * chance_unit(chance);
    double grow = sqrt(1 / share);
    double wider = CLAMP(sqrt(0.75 * self->height_px / self->width_px), 1, grow / 1.12);
    unsigned width = (unsigned)lround(self->width_px * grow * wider);
    unsigned height = (unsigned)lround(self->height_px * grow / wider);
    Picture *out = picture_new(width, height, 3);
    double room = atan2((width - self->width_px) / 2.0 - 10, self->height_px / 2.0);
    double angle = (chance_unit(chance) - 0.5) * 2 * CLAMP(room, 0, 10 * G_PI / 180);
    unsigned ground = chance_below(chance, 3);
    double light_x = chance_unit(chance);
    double light_y = chance_unit(chance);
    double shadow_at = chance_unit(chance) * 1.6 - 0.3;
    double quad[8];
    double map[9];

    for (unsigned i = 0; i < 4; i++) {
        double dx = (i == 1 || i == 2 ? 0.5 : -0.5) * self->width_px *
                    (1 + (chance_unit(chance) - 0.5) * 0.06);
        double dy =
            (i >= 2 ? 0.5 : -0.5) * self->height_px * (1 + (chance_unit(chance) - 0.5) * 0.04);

        quad[2 * i] = width / 2.0 + dx * cos(angle) - dy * sin(angle);
        quad[2 * i + 1] = height / 2.0 + dx * sin(angle) + dy * cos(angle);
    }
    picture_inverse_map(quad, map);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++) {
            double w = map[6] * x + map[7] * y + map[8];
            double u = (map[0] * x + map[1] * y + map[2]) / w;
            double v = (map[3] * x + map[4] * y + map[5]) / w;
            double far = hypot((double)x / width - light_x, (double)y / height - light_y);
            double across = ((double)x / width + (double)y / height) / 2 - shadow_at;
            double light = (1 - 0.25 * far * far) * (1 - 0.3 / (1 + exp(-across * 40)));
            double at[4];

            if (u >= 0 && v >= 0 && u <= 1 && v <= 1) {
                const double blank[] = {255, 255, 255, 255};

                picture_sample(self, u * self->width_px - 0.5, v * self->height_px - 0.5, blank,
                               at);
                if (self->channels == 1)
                    at[1] = at[2] = at[0];
                for (unsigned c = 0; c < 3; c++)
                    at[c] = 30 + at[c] * 212.0 / 255;
            } else {
                bool shade = u > -0.015 && u < 1.02 && v > -0.005 && v < 1.01;

                picture_ground(ground, x, y, at);
                for (unsigned c = 0; c < 3; c++)
                    at[c] *= shade ? 0.75 : 1;
            }
            for (unsigned c = 0; c < 3; c++)
                picture_at(out, x, y)[c] = picture_byte(at[c] * light + chance_normal(chance) * 2);
        }
    picture_blur(out, 0.15);
    return out;
}

Picture *
picture_mount(Picture *const *papers, unsigned count, double dpi, bool tinted, Chance *chance)
{
    unsigned gap = (unsigned)lround(dpi * 12 / 25.4);
    unsigned columns = count < 3 ? count : (count + 1) / 2 < 2 ? 2 : (count + 1) / 2;
    unsigned width = gap;
    unsigned height = gap;
    unsigned x = gap;
    unsigned y = gap;
    unsigned tallest = 0;
    Picture *out = NULL;

    for (unsigned pass = 0; pass < 2; pass++) {
        x = y = gap;
        tallest = 0;
        for (unsigned i = 0; i < count; i++) {
            const Picture *paper = papers[i];

            if (i > 0 && i % columns == 0) {
                y += tallest + gap;
                x = gap;
                tallest = 0;
            }
            if (pass == 0) {
                width = MAX(width, x + paper->width_px + gap);
                height = MAX(height, y + paper->height_px + gap);
            }
            for (unsigned row = 0; pass == 1 && row < paper->height_px; row++)
                for (unsigned column = 0; column < paper->width_px; column++)
                    for (unsigned c = 0; c < 3; c++)
                        picture_at(out, x + column, y + row)[c] =
                            picture_at(paper, column, row)[paper->channels == 1 ? 0 : c];
            x += paper->width_px + gap;
            tallest = MAX(tallest, paper->height_px);
        }
        if (pass == 0) {
            out = picture_new(width, height, 3);
            for (size_t i = 0; i < (size_t)width * height; i++) {
                out->px[3 * i] = tinted ? 203 : 255;
                out->px[3 * i + 1] = tinted ? 176 : 255;
                out->px[3 * i + 2] = tinted ? 134 : 255;
            }
        }
    }
    picture_scan(out, chance);
    return out;
}

Picture *
picture_orient(const Picture *self, unsigned orientation)
{
    bool turned = orientation >= 5;
    unsigned w = self->width_px;
    unsigned h = self->height_px;
    Picture *out = picture_new(turned ? h : w, turned ? w : h, self->channels);

    /* EXIF names the visual sides of the stored row 0 and column 0. */
    for (unsigned r = 0; r < out->height_px; r++)
        for (unsigned c = 0; c < out->width_px; c++) {
            unsigned x = turned ? r : c;
            unsigned y = turned ? c : r;

            if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
                x = w - 1 - x;
            if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
                y = h - 1 - y;
            memcpy(picture_at(out, c, r), picture_at(self, x, y), self->channels);
        }
    return out;
}

GBytes *
picture_bits(const Picture *self)
{
    size_t stride = (self->width_px + 7) / 8;
    size_t size = stride * self->height_px;
    uint8_t *bits = g_malloc0(size);

    for (unsigned y = 0; y < self->height_px; y++)
        for (unsigned x = 0; x < self->width_px; x++) {
            const uint8_t *at = picture_at(self, x, y);
            unsigned grey = self->channels == 1 ? at[0] : (at[0] * 3u + at[1] * 6u + at[2]) / 10;

            if (grey < 150)
                bits[y * stride + x / 8] |= (uint8_t)(0x80 >> (x % 8));
        }
    return g_bytes_new_take(bits, size);
}
